using System.Globalization;
using System.Text.Encodings.Web;

namespace Keyhole.Control;

/// <summary><see cref="SshSettings"/> as network files and plans show them.</summary>
internal static class SshText
{
    /// <summary>"true" for the defaults, else "{ daemon: external, sudo: full }".</summary>
    public static string Format(SshSettings settings)
    {
        if (settings == SshSettings.Default)
            return "true";
        List<string?> parts =
        [
            settings.External ? "daemon: external" : null,
            settings.Port != SshSettings.DefaultPort ? string.Create(CultureInfo.InvariantCulture, $"port: {settings.Port}") : null,
            settings.Pin is { } pin ? $"pin: {Quote(pin)}" : null,
            settings.Sudo switch
            {
                SshSudoMode.Full => "sudo: full",
                SshSudoMode.Commands => $"sudo: {List(settings.SudoCommands)}",
                _ => null,
            },
            settings.Groups.Count != 0 ? $"groups: {List(settings.Groups)}" : null,
            settings.Shell is { } shell ? $"shell: {Quote(shell)}" : null,
            settings.Home is { } home ? $"home: {Quote(home)}" : null,
        ];
        return $"{{ {string.Join(", ", parts.OfType<string>())} }}";
    }

    private static string List(ValueList<string> values) => $"[{string.Join(", ", values.Select(Quote))}]";

    private static string Quote(string value) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(value)}\"";
}
