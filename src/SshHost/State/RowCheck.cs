using Keyhole.Cryptography;
using Keyhole.Ssh;

namespace Keyhole.SshHost;

/// <summary>What a row may say: everything in it reaches files that programs of root read.</summary>
internal static class RowCheck
{
    private const int AuthorityLength = 32;
    private const int MaximumKeys = 16;
    private const int MaximumUsers = 100_000;
    private const int MaximumSerials = 10_000;
    private const int MaximumNameLength = 100;
    private const int MaximumConnectors = 1000;

    /// <summary>
    /// The row, or where it cannot be taken as a whole, what the host holds without what the row does not name any more: who lost access does not keep it because
    /// something else in the row is wrong.
    /// </summary>
    /// <param name="known">What the host holds; null: nothing.</param>
    /// <returns>What to go by, and what is wrong with the row.</returns>
    /// <exception cref="AuthDaemonException">The row is no row, or is wrong and takes nothing away.</exception>
    public static (HostedResource Row, AuthDaemonException? Fault) Bound(HostedResource row, HostedResource? known)
    {
        CheckAuthority(row.Authority);
        if (row.Resource <= 0 || row.Site < 0 || row.Organisation.Length > MaximumNameLength || row.Organisation.Any(char.IsControl))
            throw new AuthDaemonException("The resource, its site or the organisation's name is none.");
        if (row.Version.Revision < 0 || row.Version.Lineage.Length > AuthorityLength || !row.Version.Lineage.All(char.IsAsciiHexDigitLower))
            throw new AuthDaemonException("The table that the row is from is none.");
        try
        {
            CheckLists(row);
            return (row, null);
        }
        catch (AuthDaemonException fault) when (known is not null)
        {
            var rights = known.Rights.Within(row.Rights);
            var reduced = known with
            {
                Site = row.Site,
                Trusted = [.. known.Trusted.Intersect(row.Trusted, StringComparer.Ordinal)],
                Users = [.. known.Users.Intersect(row.Users)],
                Revoked = [.. row.Revoked.Where(serial => serial > 0).Union(known.Revoked).Take(MaximumSerials)],
                Groups = rights.Groups,
                Sudo = rights.Sudo,
                Version = row.Version,
            };
            return (reduced, fault);
        }
    }

    private static void CheckLists(HostedResource row)
    {
        if (row.Trusted.Count > MaximumKeys || row.Trusted.Any(line => SshPublicKey.Parse(line) is not { Type: SshPublicKey.Ed25519Type } key || key.ToString() != line))
            throw new AuthDaemonException("A key of the organisation's certificate authority is not an Ed25519 key in the form of authorized_keys.");
        if (row.Users.Count > MaximumUsers || row.Users.Any(user => user <= 0))
            throw new AuthDaemonException("The list of users is too long, or holds what is none.");
        if (row.Revoked.Count > MaximumSerials || row.Revoked.Any(serial => serial <= 0))
            throw new AuthDaemonException("The list of revoked certificates is too long, or holds what is no serial.");
        if (row.HostCertificates.Count > MaximumKeys || row.HostCertificates.Any(line => line is null))
            throw new AuthDaemonException("There are too many host certificates, or one is none.");
        if (row.Connectors.Count > MaximumConnectors || row.Connectors.Any(key => !PublicKey.TryParse(key, out _)))
            throw new AuthDaemonException("There are too many connectors, or one is none.");
        row.Rights.Check();
    }

    /// <exception cref="AuthDaemonException">It is none.</exception>
    public static void CheckAuthority(string authority)
    {
        if (authority.Length != AuthorityLength || !authority.All(char.IsAsciiHexDigitLower))
            throw new AuthDaemonException("The organisation's authority is not 32 lower-case hexadecimal digits.");
    }
}
