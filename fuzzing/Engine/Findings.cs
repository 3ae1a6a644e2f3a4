namespace Keyhole.Fuzz;

/// <summary>Where inputs that broke something go: out/fuzz/TARGET-IDENTITY.bin, with a text beside it that says what and how to repeat it.</summary>
internal static class Findings
{
    internal static string Folder { get; } = Environment.GetEnvironmentVariable("KEYHOLE_FUZZ_OUT") ?? Path.Combine(Corpus.Root, "out", "fuzz");

    /// <returns>The path of the input.</returns>
    internal static string Write(IFuzzTarget target, ReadOnlySpan<byte> input, string what, int seed)
    {
        Directory.CreateDirectory(Folder);
        string path = Path.Combine(Folder, $"{target.Name}-{Corpus.Identity(input)}{Corpus.Extension}");
        File.WriteAllBytes(path, input);
        string repeat = $"./fuzz replay {target.Name} {Path.GetRelativePath(Corpus.Root, path)}";
        File.WriteAllText(Path.ChangeExtension(path, ".txt"), $"{target.Name}: {what}\nfound with seed {seed}, {input.Length} bytes\nrepeat: {repeat}\n");
        Console.WriteLine($"FOUND {target.Name}: {what.Split('\n')[0]}");
        Console.WriteLine($"  input  {path} ({input.Length} bytes)");
        Console.WriteLine($"  repeat {repeat}");
        return path;
    }
}
