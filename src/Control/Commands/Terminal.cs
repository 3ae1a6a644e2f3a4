namespace Keyhole.Control;

/// <summary>Where a command writes and asks; tests put their own in the place of the console.</summary>
/// <param name="Ask">Asks a question that is answered by yes or no; null where nobody sits in front of it.</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, TextReader Input, Func<string, bool>? Ask)
{
    public static Terminal Console { get; } = new(
        System.Console.Out, System.Console.Error, System.Console.In,
        System.Console.IsInputRedirected || System.Console.IsErrorRedirected ? null : AskOnConsole);

    private static bool AskOnConsole(string question)
    {
        System.Console.Error.Write($"{question} [y/N] ");
        return System.Console.ReadLine()?.Trim() is "y" or "Y" or "yes" or "Yes";
    }
}
