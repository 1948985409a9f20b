"""A viewer without windows, as ParaView's menu Catalyst, Connect makes one: live_client.py PORT UPDATES [TIME NAME VALUE DEFINITION]

Prints a line of JSON for each state that arrives, and leaves after so many of them or when the run has gone. With the
last four arguments it gives a property of the run's settings a value when it has seen a state of that time or later;
their definition is a file that ParaView loads as a plugin.
"""
import json
import os
import sys
import time

from paraview import live
from paraview.simple import FindSource, LoadPlugin

PORT, UPDATES = int(sys.argv[1]), int(sys.argv[2])
SET_AT = float(sys.argv[3]) if len(sys.argv) > 3 else None
seen, sets = [], []
gone = []
if len(sys.argv) > 6:
    LoadPlugin(sys.argv[6], remote=False, ns=globals())
link = live.ConnectToCatalyst("localhost", PORT)
print(json.dumps("waiting"), flush=True)


def connected(link, event):
    live.ExtractCatalystData(link, "fields")


def updated(link, event):
    source = FindSource("fields")
    data = source.GetClientSideObject().GetOutputDataObject(0) if source else None
    if not data:
        return
    source.UpdatePipeline()
    information = source.GetDataInformation()
    when = data.GetFieldData().GetArray("TimeValue")
    field = source.CellData.GetArray("u")
    seen.append(when.GetValue(0) if when else None)
    print(json.dumps({"time": seen[-1], "cells": information.GetNumberOfCells(),
                      "range": field.GetRange(0) if field else None, "bounds": information.GetBounds()}), flush=True)
    if SET_AT is not None and not sets and seen[-1] >= SET_AT:
        settings = link.GetInsituProxyManager().GetProxy("sources", "Steering")
        settings.GetProperty(sys.argv[4]).SetElement(0, float(sys.argv[5]))
        settings.UpdateVTKObjects()
        link.InvokeCommand("LiveChanged")
        sets.append(sys.argv[4])
    if len(seen) == UPDATES:  # here, since one round of notifications may bring several updates
        os._exit(0)  # as a viewer that is closed: without a word to the run


link.AddObserver("ConnectionCreatedEvent", connected)
link.AddObserver("UpdateEvent", updated)
link.AddObserver("ConnectionClosedEvent", lambda link, event: gone.append(event))
begin = time.monotonic()
while not gone and time.monotonic() - begin < 120:
    live.ProcessServerNotifications()
    time.sleep(0.02)
os._exit(0)
