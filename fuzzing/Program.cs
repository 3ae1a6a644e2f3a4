using System.Globalization;
using Keyhole.Fuzz;

const int DefaultSeconds = 30;

switch (args)
{
    case []:
        Console.WriteLine("usage: ./fuzz TARGET|all [SECONDS] [SEED]     ./fuzz replay TARGET FILE     ./fuzz corpus [TARGET]");
        Console.WriteLine();
        foreach (var target in TargetList.All)
            Console.WriteLine($"  {target.Name,-22} {target.Door}");
        return 0;
    case ["work", var name, var seconds, var seed, var currentPath]:
        return Worker.Run(TargetList.Find(name)!, Number(seconds), Number(seed), currentPath);
    case ["replay", var name, var file] when TargetList.Find(name) is { } target:
        return Worker.Replay(target, File.ReadAllBytes(file));
    case ["corpus", .. var names]:
        foreach (var target in TargetList.All.Where(target => names.Length == 0 || names.Contains(target.Name)))
            Console.WriteLine($"{target.Name}: {Corpus.Write(target)} new inputs in {Path.GetRelativePath(Corpus.Root, Corpus.FolderOf(target))}");
        return 0;
    case ["all", .. var rest] when rest.Length <= 2:
        // Every target runs, whatever the others found.
        return TargetList.All.Select(target => Fuzz(target, rest)).ToArray().Contains(false) ? 1 : 0;
    case [var name, .. var rest] when rest.Length <= 2 && TargetList.Find(name) is { } target:
        return Fuzz(target, rest) ? 0 : 1;
    default:
        Console.Error.WriteLine($"Unknown: {string.Join(' ', args)}. Without arguments the targets are listed.");
        return 2;
}

static bool Fuzz(IFuzzTarget target, string[] rest) => Supervisor.Run(
    target,
    rest.Length > 0 ? Number(rest[0]) : DefaultSeconds,
    rest.Length > 1 ? Number(rest[1]) : Random.Shared.Next());

static int Number(string text) => int.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
