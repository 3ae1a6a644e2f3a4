namespace Keyhole.System.Tests;

/// <summary>The network of <see cref="SshTests"/>, made when the first test asks for it: where all are skipped, none is made.</summary>
public sealed class SshShared : IDisposable
{
    private readonly Lazy<SshNetwork> _network = new(() => new SshNetwork());

    internal SshNetwork Network => _network.Value;

    public void Dispose()
    {
        if (_network.IsValueCreated)
            _network.Value.Dispose();
    }
}
