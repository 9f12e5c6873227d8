"""The app worker against byte scripts: what a node says on its socket."""

import asyncio
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from .scripted import peer

UUID = "0123456789abcdef0123456789abcdef0123"
PROGRAM = """
import sonm
worker = sonm.Worker()

@worker.on("ping")
async def ping(request, response):
    await response.write(b"pong:" + await request.read())

@worker.on("boom")
async def boom(request, response):
    raise ValueError("boom")

@worker.on("own")
async def own(request, response):
    await response.error(7, "mine")

worker.run()
"""
HELLO = [("in", "93 01 00 91 da0024" + UUID.encode().hex()), ("in", "93 01 00 90"), ("out", "93 01 00 90")]
END = [("out", "93 01 01 92 01 a66e6f726d616c"), ("in", "93 01 01 92 01 a66e6f726d616c")]


class WorkerTest(unittest.IsolatedAsyncioTestCase):
    async def serve(self, script, code=0, arguments=()):
        with tempfile.TemporaryDirectory() as folder:
            socket = f"{folder}/app.1"
            async with peer(script, unix=socket):
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", PROGRAM, "--app", "app", "--endpoint", socket, "--locator", "127.0.0.1:1",
                    "--protocol", "1", "--uuid", UUID, *arguments, stderr=subprocess.PIPE,
                    env=os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).resolve().parents[1])})
                _, errors = await asyncio.wait_for(process.communicate(), 20)
                self.assertEqual(process.returncode, code, errors.decode())
        return errors.decode()

    async def test_a_captured_session_is_served_and_ends_in_order(self):
        await self.serve(HELLO + [
            ("out", "93 02 00 91 a470696e67"), ("out", "93 02 00 91 a568656c6c6f"), ("out", "93 02 02 90"),
            ("in", "93 02 00 91 aa706f6e673a68656c6c6f"), ("in", "93 02 02 90"), *END])

    async def test_a_handler_that_fails_is_an_error_of_its_call_and_the_worker_goes_on(self):
        errors = await self.serve(HELLO + [
            ("out", "93 02 00 91 a4626f6f6d"),
            ("in", "93 02 01 92 92 2a 64 b0" + b"ValueError: boom".hex()),
            ("out", "93 03 00 91 a36f776e"), ("in", "93 03 01 92 92 2a 07 a46d696e65"), *END])
        self.assertIn("ValueError: boom", errors)

    async def test_an_event_without_handler_is_answered_with_an_error(self):
        await self.serve(HELLO + [
            ("out", "93 02 00 91 a46e6f7065"),
            ("in", "93 02 01 92 92 2a ccc8 bb" + b"no handler for event 'nope'".hex()), *END])

    async def test_late_frames_of_a_call_that_is_over_are_dropped(self):
        await self.serve(HELLO + [
            ("out", "93 02 00 91 a36f776e"), ("in", "93 02 01 92 92 2a 07 a46d696e65"),
            ("out", "93 02 00 91 a161 93 02 02 90 93 02 00 91 a161"), *END])

    async def test_a_frame_out_of_order_ends_the_worker_with_its_reason(self):
        errors = await self.serve(HELLO + [("out", "93 02 07 90")], code=1)
        self.assertIn("begins with the name of an event", errors)

    async def test_another_protocol_version_is_refused(self):
        errors = await self.serve([], code=2, arguments=("--protocol", "0"))
        self.assertIn("protocol 0 is not spoken", errors)


if __name__ == "__main__":
    unittest.main()
