"""A Slurm cluster of one host for tests: munged, slurmctld and slurmd in a folder of their own.

    with SlurmCluster() as slurm:
        job = slurm.submit("script.sbatch", "--time=1")

    slurm_cluster.py COMMAND [ARGUMENT]...      runs one command inside such a cluster, to try things by hand

What a container allows is enough: no cgroups (proctrack/linuxproc, task/none), no system services, own ports,
keys and logs. The daemons end with the `with` block, and with this process however it ends.
"""

import ctypes
import getpass
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

PROGRAMS = {"munged": "munge", "slurmctld": "slurm-wlm", "slurmd": "slurm-wlm", "sbatch": "slurm-wlm"}
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
# The states in which a job is over for good; all others pass, also those that only flags make visible (SIGNALING
# while a signal is under way, COMPLETING, REQUEUED, STAGE_OUT, ...).
ENDED = {"BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY", "PREEMPTED", "TIMEOUT"}
libc = ctypes.CDLL(None, use_errno=True)

# A job that asks to be requeued becomes eligible after cred_expire; by default that takes two minutes.
SLURM_CONF = """
ClusterName=kollagen
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=5
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
SwitchType=switch/none
MpiDefault=pmix
SlurmdParameters=config_overrides
JobRequeue=1
KillWait=5
OverTimeLimit=0
ReturnToService=2
GresTypes=gpu
NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} Gres=gpu:{cpus} State=UNKNOWN
PartitionName=test Nodes={node} Default=YES MaxTime=INFINITE State=UP
"""


class Unavailable(Exception):
    """Slurm cannot run here; the text says why."""


def tied_to_this_process():
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class SlurmCluster:
    def __init__(self, cpus=4):
        """`cpus` of the node; more than the machine has are shared, since nothing is pinned."""
        self.cpus = cpus
        self.daemons = []

    def __enter__(self):
        missing = {package for name, package in PROGRAMS.items() if not self.find(name)}
        if missing:
            raise Unavailable(f"Slurm is not installed (Debian: {' '.join(sorted(missing))})")
        # Not TMPDIR: the path of a Unix socket may have 107 characters.
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="kollagen-slurm-", dir="/tmp"))
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    @staticmethod
    def find(name):
        return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")

    def start(self):
        # Processes of jobs that lose their parent become ours, so that none is left behind.
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1)
        self.folder.chmod(0o711)  # munged wants its socket to be in reach of all
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        host = socket.gethostname().split(".")[0]
        ports = free_ports(2)
        config = self.folder / "slurm.conf"
        config.write_text(SLURM_CONF.format(host=host, node="node1", user=getpass.getuser(), folder=self.folder,
                                            controller_port=ports[0], node_port=ports[1], cpus=self.cpus))
        # Empty devices as GPUs: enough to see what a script asks for and which one a task is given.
        for gpu in range(self.cpus):
            path = self.folder / f"gpu{gpu}"
            try:
                os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
            except PermissionError:  # then they are only counted
                path.touch()
        (self.folder / "gres.conf").write_text(f"Name=gpu File={self.folder}/gpu[0-{self.cpus - 1}]\n")
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "SBATCH", "OMPI_"))}
        self.environment["SLURM_CONF"] = str(config)

        self.daemon("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={self.folder}/munge.socket",
                    f"--pid-file={self.folder}/munged.pid", f"--log-file={self.folder}/munged.log",
                    f"--seed-file={self.folder}/munged.seed")
        self.wait_for(lambda: (self.folder / "munge.socket").exists(), "munged opens no socket")
        self.daemon("slurmctld", "-D", "-c")
        self.wait_for(lambda: self.command("scontrol", "ping", check=False).returncode == 0,
                      "slurmctld does not answer")
        self.daemon("slurmd", "-D", "-c", "-N", "node1")
        self.wait_for(lambda: self.command("sinfo", "-h", "-o", "%t", check=False).stdout.strip() == "idle",
                      "slurmd does not register")

    def daemon(self, name, *arguments):
        with open(self.folder / f"{name}.out", "w") as out:
            self.daemons.append(subprocess.Popen([self.find(name), *arguments], stdin=subprocess.DEVNULL, stdout=out,
                                                 stderr=subprocess.STDOUT, env=self.environment,
                                                 preexec_fn=tied_to_this_process))

    def wait_for(self, condition, text, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            ended = [d.args[0] for d in self.daemons if d.poll() is not None]
            if ended or time.monotonic() > end:
                text += f"; {', '.join(ended)} ended" if ended else f" within {seconds} s"
                raise Unavailable(f"{text}\n{self.logs()}")
            time.sleep(0.05)

    def logs(self, lines=15):
        """The last lines of all logs of the daemons."""
        parts = []
        for path in sorted([*self.folder.glob("*.log"), *self.folder.glob("*.out")]):
            text = path.read_text(errors="replace").strip()
            if text:
                parts.append(f"--- {path.name}\n" + "\n".join(text.splitlines()[-lines:]))
        return "\n".join(parts)

    def command(self, *command, check=True, **options):
        """Runs a command of the cluster; returns the completed process with its text."""
        options = {"env": self.environment, "text": True, "capture_output": True, "timeout": 60, **options}
        result = subprocess.run([str(c) for c in command], **options)
        if check and result.returncode != 0:
            text = f"{result.stdout}{result.stderr}"
            raise RuntimeError(f"{' '.join(map(str, command))}: exit {result.returncode}\n{text}")
        return result

    def submit(self, *arguments, **options):
        """sbatch; returns the number of the job."""
        return self.command("sbatch", "--parsable", *arguments, **options).stdout.strip()

    def job(self, number):
        """What scontrol tells about a job, as a dictionary ("JobState", "ExitCode", "Restarts", ...)."""
        words = self.command("scontrol", "--oneliner", "show", "job", number).stdout.split()
        return dict(word.split("=", 1) for word in words if "=" in word)

    def wait(self, number, seconds):
        """Waits until a job is over for good and returns what `job` tells. Throws TimeoutError."""
        end = time.monotonic() + seconds
        while True:
            job = self.job(number)
            if job["JobState"] in ENDED:
                return job
            if time.monotonic() > end:
                raise TimeoutError(f"job {number} is still {job['JobState']} after {seconds} s: {job}\n{self.logs()}")
            time.sleep(0.2)

    def stop(self):
        if len(self.daemons) == 3:
            self.command("scancel", "--state=PENDING", "--user", getpass.getuser(), check=False)
            self.command("scancel", "--user", getpass.getuser(), check=False)
            end = time.monotonic() + 10
            while time.monotonic() < end and self.command("squeue", "-h", check=False).stdout.strip():
                time.sleep(0.1)
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.end_orphans()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def end_orphans():
        """Ends what the daemons left behind; as their subreaper we are its parent."""
        for _ in range(100):
            children = []
            for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
                try:
                    fields = entry.read_text().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                if fields[1] == str(os.getpid()):
                    children.append(int(entry.parent.name))
            if not children:
                return
            for pid in children:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass


if __name__ == "__main__":
    try:
        with SlurmCluster() as cluster:
            sys.exit(subprocess.run(sys.argv[1:] or ["bash"], env=cluster.environment).returncode)
    except Unavailable as reason:
        sys.exit(f"no cluster: {reason}")
