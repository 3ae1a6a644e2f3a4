using System.Globalization;
using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Keyhole.Control;

/// <summary>One step of the schema, forward only. Its text never changes once a release has shipped it.</summary>
/// <param name="Checksum">SHA-256 of the text, hexadecimal: the database remembers which text it was given.</param>
internal sealed record Migration(int Version, string Name, string Sql, string Checksum)
{
    /// <summary>The table that remembers which steps a database was given.</summary>
    public const string Table = "migration";

    /// <summary>All steps, in order.</summary>
    public static IReadOnlyList<Migration> All { get; } = ReadAll();

    private static List<Migration> ReadAll()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var migrations = new List<Migration>();
        foreach (string resource in assembly.GetManifestResourceNames().Where(name => name.EndsWith(".sql", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            string sql = reader.ReadToEnd();
            string name = Path.GetFileNameWithoutExtension(resource);
            migrations.Add(new Migration(
                int.Parse(name.AsSpan(0, 4), CultureInfo.InvariantCulture), name[5..], sql, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sql)))));
        }

        return migrations;
    }
}
