"""A network camera: gst-rtsp-server with H.264 at 15 frames a second and a password. Run by the system's own Python.

usage: rtsp_server.py PORT USER PASSWORD [FILM]        PORT 0: any; the one taken is printed
The camera is at /door; at /film a file (MP4 with H.264), played as a camera would be seen.
Ends with 3 where gst-rtsp-server isn't installed.
"""

import sys

try:
    import gi

    gi.require_version("Gst", "1.0")
    gi.require_version("GstRtspServer", "1.0")
    from gi.repository import GLib, Gst, GstRtspServer
except (ImportError, ValueError) as error:
    print(error, file=sys.stderr)  # noqa: T201
    sys.exit(3)

Gst.init(None)
if not all(Gst.ElementFactory.find(name) for name in ("videotestsrc", "x264enc", "rtph264pay")):
    sys.exit(3)
port, user, password, *films = sys.argv[1:]
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(port)
factory = GstRtspServer.RTSPMediaFactory()
factory.set_launch(
    "( videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=15/1 ! "
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 config-interval=1 )"
)
factory.set_shared(True)
token = GstRtspServer.RTSPToken()
token.set_string("media.factory.role", "viewer")
auth = GstRtspServer.RTSPAuth()
auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
server.set_auth(auth)
permissions = GstRtspServer.RTSPPermissions()
for what in ("access", "construct"):
    permissions.add_permission_for_role("viewer", f"media.factory.{what}", True)
factory.set_permissions(permissions)
server.get_mount_points().add_factory("/door", factory)
for film in films:
    player = GstRtspServer.RTSPMediaFactory()
    player.set_launch(
        f'( filesrc location="{film}" ! qtdemux ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=1 )'
    )
    player.set_permissions(permissions)
    server.get_mount_points().add_factory("/film", player)
server.attach(None)
print(server.get_bound_port(), flush=True)  # noqa: T201
GLib.MainLoop().run()
