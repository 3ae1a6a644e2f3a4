using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>How the rows of the audit log hold together: each hash covers the row and the hash before it.</summary>
internal static class AuditChain
{
    /// <summary>What stands before the first row.</summary>
    public static string Start { get; } = Convert.ToBase64String(new byte[SHA256.HashSizeInBytes]);

    /// <summary>
    /// SHA-256 over the previous hash and the fields in their order, each with its length in four bytes before it, so that no text
    /// can pass for two fields. Length -1 is null.
    /// </summary>
    public static string HashOf(string previous, AuditRow row)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Convert.FromBase64String(previous));
        foreach (string? field in new[]
        {
            Text(row.Number), Text(row.At.ToUnixTimeMilliseconds()), Text(row.Organisation), row.Actor, row.Address, row.Action, row.Subject, row.Before, row.After,
            Text(row.Revision),
        })
        {
            Append(hash, field);
        }

        return Convert.ToBase64String(hash.GetHashAndReset());
    }

    private static string? Text(long? number) => number?.ToString(CultureInfo.InvariantCulture);

    private static void Append(IncrementalHash hash, string? field)
    {
        byte[]? bytes = field is null ? null : Encoding.UTF8.GetBytes(field);
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, bytes?.Length ?? -1);
        hash.AppendData(length);
        hash.AppendData(bytes ?? []);
    }
}
