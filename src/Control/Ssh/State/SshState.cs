namespace Keyhole.Control;

/// <summary>What an organisation knows of logins by SSH, beside the settings of its resources.</summary>
internal sealed record SshState
{
    public static SshState None { get; } = new();

    /// <summary>Names the organisation on hosts for ever: 32 lower-case hexadecimal digits. Null until its first CA was made.</summary>
    public string? Authority { get; init; }

    /// <summary>A serial is never given twice.</summary>
    public long NextSerial { get; init; } = 1;

    /// <summary>A generation of a host is never given twice either, whatever the host.</summary>
    public long NextGeneration { get; init; } = 1;

    /// <summary>The CA's keys, oldest first.</summary>
    public ValueList<SshAuthorityKey> Keys { get; init; } = [];

    /// <summary>By resource, ascending.</summary>
    public ValueList<SshHost> Hosts { get; init; } = [];

    /// <summary>By user, ascending.</summary>
    public ValueList<SshAccountName> Accounts { get; init; } = [];

    /// <summary>By resource and name, ascending.</summary>
    public ValueList<SshHostAccount> HostAccounts { get; init; } = [];

    /// <summary>Certificates of people that may still be valid, by serial, ascending.</summary>
    public ValueList<SshIssued> Issued { get; init; } = [];

    public SshHost? FindHost(int resource) => Hosts.FirstOrDefault(host => host.Resource == resource);

    /// <summary>Public keys of the CA, newest first.</summary>
    public IReadOnlyList<string> Trusted => [.. Keys.Reverse().Select(key => key.PublicKey)];

    /// <summary>With a host of which nothing is known but where it was.</summary>
    public SshState Anew(SshHost host) =>
        (this with { NextGeneration = NextGeneration + 1, HostAccounts = HostAccounts.Where(account => account.Resource != host.Resource).ToValueList() }).With(host.Anew(NextGeneration));

    public SshState With(SshHost host) => this with { Hosts = Hosts.Where(other => other.Resource != host.Resource).Append(host).OrderBy(other => other.Resource).ToValueList() };

    /// <summary>Whether connectors are told the same, but for who may log in.</summary>
    public bool LooksLike(SshState other) =>
        ReferenceEquals(this, other)
        || (Authority == other.Authority && Keys.Select(key => key.PublicKey).SequenceEqual(other.Keys.Select(key => key.PublicKey))
            && Hosts.Select(host => (host.Resource, host.Pin, host.Certificates)).SequenceEqual(other.Hosts.Select(host => (host.Resource, host.Pin, host.Certificates)))
            && Issued.Where(issued => issued.Revoked).SequenceEqual(other.Issued.Where(issued => issued.Revoked)));
}
