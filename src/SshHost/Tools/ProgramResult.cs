namespace Keyhole.SshHost;

/// <summary>How a program ended, and what it printed.</summary>
internal sealed record ProgramResult(int Status, string Output, string Error)
{
    private const int MaximumSaid = 300;

    /// <summary>What it complained of, as one line.</summary>
    public string Said
    {
        get
        {
            string text = string.Join("; ", (Error.Length > 0 ? Error : Output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
            return text.Length <= MaximumSaid ? text : text[..MaximumSaid] + "…";
        }
    }
}
