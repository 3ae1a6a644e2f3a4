using System.Text.Json;

namespace Keyhole.Control;

/// <summary><see cref="SshSettings"/> as the database holds them.</summary>
internal sealed record SshColumn(bool External, int Port, string? Pin, SshSudoMode Sudo, string[] SudoCommands, string[] Groups, string? Shell, string? Home)
{
    public static string Write(SshSettings settings) => JsonSerializer.Serialize(
        new SshColumn(
            settings.External, settings.Port, settings.Pin, settings.Sudo, [.. settings.SudoCommands], [.. settings.Groups], settings.Shell, settings.Home),
        SshStoreJson.Default.SshColumn);

    public static SshSettings Read(string json)
    {
        var column = JsonSerializer.Deserialize(json, SshStoreJson.Default.SshColumn)!;
        return new SshSettings
        {
            External = column.External,
            Port = column.Port,
            Pin = column.Pin,
            Sudo = column.Sudo,
            SudoCommands = column.SudoCommands.ToValueList(),
            Groups = column.Groups.ToValueList(),
            Shell = column.Shell,
            Home = column.Home,
        };
    }
}
