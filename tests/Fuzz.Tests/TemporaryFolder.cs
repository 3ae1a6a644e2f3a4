namespace Keyhole.Fuzz.Tests;

internal sealed class TemporaryFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("keyhole-fuzz-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
