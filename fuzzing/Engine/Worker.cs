namespace Keyhole.Fuzz;

/// <summary>The process that runs inputs. It may crash: <see cref="Supervisor"/> watches it.</summary>
internal static class Worker
{
    /// <returns>0 when nothing broke, 1 when something did.</returns>
    internal static int Run(IFuzzTarget target, int seconds, int seed, string currentPath)
    {
        using var current = new CurrentInput(currentPath, target.MaximumLength);
        using var campaign = new Campaign(target, seed, current);
        bool whole = campaign.Run(TimeSpan.FromSeconds(seconds));
        Console.WriteLine($"{target.Name}: {campaign.Executions} inputs, {campaign.OutcomeCount} outcomes, seed {seed}{(whole ? "" : ", BROKEN")}");
        if (whole)
            return 0;
        Findings.Write(target, campaign.Broken, campaign.Failure!.ToString(), seed);
        return 1;
    }

    /// <summary>Runs one input, at the end and at the start of the guarded memory.</summary>
    /// <returns>0 when nothing broke; a crash does not return.</returns>
    internal static int Replay(IFuzzTarget target, byte[] input)
    {
        using var buffer = new GuardedBuffer(Math.Max(target.MaximumLength, input.Length));
        try
        {
            target.Run(buffer.Place(input));
            ulong outcome = target.Run(buffer.Place(input, atEnd: false));
            Console.WriteLine($"{target.Name}: {input.Length} bytes, outcome {outcome:x16}, nothing broke");
            return 0;
        }
#pragma warning disable CA1031 // whatever an input makes a door throw is a finding
        catch (Exception e)
#pragma warning restore CA1031
        {
            Console.WriteLine($"{target.Name}: {e}");
            return 1;
        }
    }
}
