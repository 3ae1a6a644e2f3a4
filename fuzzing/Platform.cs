using System.Runtime.Versioning;

// Unmapped pages come from mmap.
[assembly: UnsupportedOSPlatform("windows")]
