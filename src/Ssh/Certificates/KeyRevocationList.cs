namespace Keyhole.Ssh;

/// <summary>OpenSSH's binary revocation list (PROTOCOL.krl), as far as it revokes certificates by their authority and serial. sshd reads it by RevokedKeys.</summary>
public static class KeyRevocationList
{
    private const ulong Magic = 0x5353_484B_524C_0A00;
    private const uint FormatVersion = 1;
    private const byte CertificateSection = 1;
    private const byte SerialListSection = 0x20;

    /// <param name="version">Greater with every list.</param>
    /// <param name="revoked">Serials in any order, greater than 0; an authority without any is left out. An empty list revokes nothing, and is what sshd accepts as such.</param>
    /// <exception cref="ArgumentException">A serial is 0: OpenSSH takes no list that names it.</exception>
    public static byte[] Write(ulong version, DateTimeOffset made, IReadOnlyList<(SshPublicKey Authority, IReadOnlyList<ulong> Serials)> revoked)
    {
        ArgumentNullException.ThrowIfNull(revoked);
        var writer = new SshWriter();
        writer.WriteUInt64(Magic);
        writer.WriteUInt32(FormatVersion);
        writer.WriteUInt64(version);
        writer.WriteUInt64((ulong)Math.Max(0, made.ToUnixTimeSeconds()));
        writer.WriteUInt64(0);
        writer.WriteString([]);
        writer.WriteString([]);
        foreach (var (authority, serials) in revoked.Where(entry => entry.Serials.Count > 0))
        {
            writer.WriteByte(CertificateSection);
            writer.WriteString(Section(authority, serials));
        }

        return writer.Written.ToArray();
    }

    private static ReadOnlySpan<byte> Section(SshPublicKey authority, IReadOnlyList<ulong> serials)
    {
        if (serials.Contains(0UL))
            throw new ArgumentException("Serial 0 cannot be revoked.", nameof(serials));
        var list = new SshWriter();
        foreach (ulong serial in serials.Distinct().Order())
            list.WriteUInt64(serial);
        var writer = new SshWriter();
        writer.WriteString(authority.Blob.Span);
        writer.WriteString([]);
        writer.WriteByte(SerialListSection);
        writer.WriteString(list.Written);
        return writer.Written;
    }
}
