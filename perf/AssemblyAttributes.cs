// Namespaces, offloads and the accounting of processor time are Linux.
[assembly: System.Runtime.Versioning.SupportedOSPlatform("linux")]
