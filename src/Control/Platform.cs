using System.Runtime.Versioning;

// Unix sockets with file modes and flock are how the operator's commands are kept apart from the network.
[assembly: UnsupportedOSPlatform("windows")]
