namespace Keyhole.SshHost;

/// <summary>One site of an organisation, as far as this host was told of it.</summary>
/// <param name="Site">Its number in the organisation; 0 where nobody said one.</param>
/// <param name="Connectors">Public keys in base64: who speaks for the resources of the site.</param>
/// <param name="Version">Of the newest of the site's tables that the host was told of.</param>
internal sealed record KnownSite(int Site, IReadOnlyList<string> Connectors, RowVersion Version)
{
    public bool Names(string connector) => Connectors.Contains(connector, StringComparer.Ordinal);
}
