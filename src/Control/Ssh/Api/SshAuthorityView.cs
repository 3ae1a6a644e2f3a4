namespace Keyhole.Control;

/// <summary>An organisation's CA.</summary>
/// <param name="Authority">Names the organisation on hosts; null until its first CA was made.</param>
/// <param name="Keys">Newest first.</param>
internal sealed record SshAuthorityView(string? Authority, IReadOnlyList<SshAuthorityKeyView> Keys)
{
    public static SshAuthorityView Of(NetworkState state) => new(
        state.Ssh.Authority,
        [.. state.Ssh.Keys.Reverse().Select(key => new SshAuthorityKeyView(
            key.Fingerprint, key.PublicKey, key.CreatedAt,
            [.. state.Ssh.Hosts.Where(host => host.Trusted.Contains(key.PublicKey)).Select(host => SshText.NameOf(state, host.Resource))]))]);
}
