using Keyhole.Contracts;

namespace Keyhole.SshHost.Tests;

/// <summary>Rows from tables, each newer than the last.</summary>
internal static class Tables
{
    public const string Lineage = "0123456789abcdef0123456789abcdef";

    private static long s_revision;

    public static RowVersion Next() => new(Lineage, Interlocked.Increment(ref s_revision));

    public static Task<SshHostState> ReconcileAsync(this IAuthDaemon daemon, string organisation, SshRow row) => daemon.ReconcileAsync(organisation, row, Next(), CancellationToken.None);

    public static Task<SshAccount> ProvisionAsync(this IAuthDaemon daemon, SshRow row, SshAccountOrder order) => daemon.ProvisionAsync(row, order, CancellationToken.None);
}
