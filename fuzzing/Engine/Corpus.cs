using System.Security.Cryptography;

namespace Keyhole.Fuzz;

/// <summary>The committed inputs of a target: fuzzing/corpus/TARGET/MEANING.bin.</summary>
internal static class Corpus
{
    internal const string Extension = ".bin";

    /// <summary>The checkout that this program was built in.</summary>
    internal static string Root { get; } = FindRoot();

    internal static string FolderOf(IFuzzTarget target) => Path.Combine(Root, "fuzzing", "corpus", target.Name);

    /// <summary>The committed inputs in the order of their names.</summary>
    internal static IReadOnlyList<(string Name, byte[] Input)> Load(IFuzzTarget target)
    {
        string folder = FolderOf(target);
        return !Directory.Exists(folder)
            ? []
            : [.. Directory.EnumerateFiles(folder, "*" + Extension).Order(StringComparer.Ordinal).Select(file => (Path.GetFileNameWithoutExtension(file), File.ReadAllBytes(file)))];
    }

    /// <summary>Writes the target's valid inputs as files; those that are there already under another name are left out.</summary>
    internal static int Write(IFuzzTarget target)
    {
        string folder = FolderOf(target);
        Directory.CreateDirectory(folder);
        var known = Load(target).Select(entry => Identity(entry.Input)).ToHashSet();
        int written = 0;
        foreach (var (name, input) in target.Seeds)
        {
            if (!known.Add(Identity(input)))
                continue;
            File.WriteAllBytes(Path.Combine(folder, name + Extension), input);
            written++;
        }

        return written;
    }

    /// <summary>A short name for an input.</summary>
    internal static string Identity(ReadOnlySpan<byte> input) => Convert.ToHexStringLower(SHA256.HashData(input)[..6]);

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "Relay.sln")))
                return folder;
        }

        return Environment.CurrentDirectory;
    }
}
