using Keyhole.Contracts;

namespace Keyhole.SshHost.Tests;

/// <summary>Rows from tables, each newer than the last.</summary>
internal static class Tables
{
    public const string Lineage = "0123456789abcdef0123456789abcdef";

    private static long s_revision;

    public static RowVersion Next() => new(Lineage, Interlocked.Increment(ref s_revision));

    public static Task<SshHostState> ReconcileAsync(this IAuthDaemon daemon, string organisation, SshRow row) => daemon.ReconcileAsync(organisation, row, Next(), CancellationToken.None);

    /// <summary>Says the row, and orders.</summary>
    public static async Task<SshAccount> PrepareAsync(this IAuthDaemon daemon, SshRow row, SshAccountOrder order)
    {
        await daemon.ReconcileAsync("acme", row);
        return await daemon.ProvisionAsync(row, order);
    }

    public static Task<SshAccount> ProvisionAsync(this IAuthDaemon daemon, SshRow row, SshAccountOrder order) => daemon.ProvisionAsync(row, order, CancellationToken.None);
}
