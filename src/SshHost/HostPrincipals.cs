using Keyhole.Contracts;
using Keyhole.Ssh;

namespace Keyhole.SshHost;

/// <summary>What a certificate must name to be let in to an account: bound to organisation, resource, host and account.</summary>
internal static class HostPrincipals
{
    public static string Of(HostStore store, HostedAccount account, int resource) =>
        $"keyhole:{account.Authority}:{resource}:{store.TokenFor(account.Authority)}:{account.Name}";

    /// <summary>Those that may log in to an account of the host now, one for each resource. Empty for an account that is not ours, is locked, or whose user has no access.</summary>
    /// <param name="certificateAuthority">
    /// The fingerprint of the key that signed the certificate, as sshd gives it by %F; null: of any, on a host of one organisation. With several, another's certificate
    /// could name what it saw in one of this one.
    /// </param>
    /// <exception cref="AuthDaemonException">What the daemon keeps cannot be read.</exception>
    public static async Task<IReadOnlyList<string>> ForAsync(HostStore store, string name, string? certificateAuthority)
    {
        var state = store.Read();
        if (!SshAccount.IsName(name) || state.Accounts.FirstOrDefault(known => known.Name == name) is not { IsLocked: false, Uid: > 0 } account)
            return [];
        if (certificateAuthority is null ? state.Authorities.Count > 1 : !state.TrustedOf(account.Authority).Any(key => SshPublicKey.Parse(key)?.Fingerprint == certificateAuthority))
            return [];
        int[] resources = [.. account.Resources.Where(resource => state.HasAccess(account, resource))];
        if (resources.Length == 0 || (await PasswdEntry.FindAsync(name).ConfigureAwait(false))?.Is(account) != true)
            return [];
        return [.. resources.Select(resource => Of(store, account, resource))];
    }
}
