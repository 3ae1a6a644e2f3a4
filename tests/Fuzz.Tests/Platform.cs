using System.Runtime.Versioning;

// As the harness under test.
[assembly: UnsupportedOSPlatform("windows")]
