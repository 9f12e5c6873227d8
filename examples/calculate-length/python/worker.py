#!/usr/bin/python3
"""Reads a key from storage and answers how long its value is."""
import sonm

worker = sonm.Worker()
storage = worker.service("storage")


@worker.on("calculate-length")
async def calculate_length(request, response):
    key = await request.read()
    value = await storage.read("collection", key)
    await response.write(str(len(value)))


worker.run()
