using Keyhole.SshHost;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>What every <see cref="SshSite"/> of a connector works with.</summary>
/// <param name="Choose">The daemon of a host; fails with <see cref="AuthDaemonException"/> where there is none.</param>
/// <param name="Random">Uniform in [0, 1).</param>
internal sealed record SshSitesOptions(Func<SshTarget, CancellationToken, Task<IAuthDaemon>> Choose, TimeProvider Time, Func<double> Random, ILogger Logger)
{
    public const int MaximumAtOnce = 32;

    /// <summary>Kept over restarts.</summary>
    public required MetHosts Met { get; init; }

    /// <summary>Of hosts that are reconciled at once.</summary>
    public SemaphoreSlim Slots { get; } = new(MaximumAtOnce);
}
