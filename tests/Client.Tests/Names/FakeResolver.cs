using System.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests.Names;

/// <summary>A resolver that refuses as long as the test says, and loses what was applied when the test says.</summary>
internal sealed class FakeResolver : IResolver
{
    public int Refusals { get; set; }

    public int Attempts { get; private set; }

    public bool IsApplied { get; set; }

    public string Name => FileResolver.Kind;

    public bool NeedsTunnelAddress => false;

    public IReadOnlyList<IPEndPoint> Servers(IPAddress own) => [];

    public RestoreRecord Record(IPAddress server) => new(FileResolver.Kind, "", server, "/nonexistent/resolv.conf", null);

    public Task ApplyAsync(IPAddress server, NameTable names)
    {
        Attempts++;
        if (Refusals-- > 0)
            throw new ResolverException("not ready");
        IsApplied = true;
        return Task.CompletedTask;
    }

    public bool IsInForce(IPAddress server) => IsApplied;

    public void Undone() => IsApplied = false;
}
