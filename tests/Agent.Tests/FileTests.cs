using Keyhole.Cryptography;

namespace Keyhole.Agent.Tests;

public sealed class FileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public void A_directory_is_made_private_and_its_key_once()
    {
        using var data = DataDirectory.Open(_folder["data"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(data.FullPath));
        using var made = StaticKeyFile.LoadOrCreate(data.StaticKey, RandomSource.System);
        using var loaded = StaticKeyFile.LoadOrCreate(data.StaticKey, RandomSource.System);
        Assert.Equal(made.PublicKey, loaded.PublicKey);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(data.StaticKey));
    }

    [Theory]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.GroupRead)]
    public void A_directory_that_others_can_read_is_refused_with_the_remedy(UnixFileMode open)
    {
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | open);
        var error = Assert.Throws<AgentException>(() => DataDirectory.Open(_folder.Root));
        Assert.Contains($"chmod 700 {_folder.Root}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_serves_one_process_at_a_time()
    {
        using (DataDirectory.Open(_folder.Root))
            Assert.Contains("in use", Assert.Throws<AgentException>(() => DataDirectory.Open(_folder.Root)).Message, StringComparison.Ordinal);
        DataDirectory.Open(_folder.Root).Dispose();
    }

    [Fact]
    public void A_directory_that_is_a_file_is_refused() =>
        Assert.Contains(_folder["file"], Assert.Throws<AgentException>(() => DataDirectory.Open(_folder.Write("file", ""))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("not a key")]
    [InlineData("AAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void A_file_that_is_no_key_is_refused_and_not_replaced(string content)
    {
        string file = _folder.Write("static.key", content);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Contains(file, Assert.Throws<AgentException>(() => StaticKeyFile.LoadOrCreate(file, RandomSource.System)).Message, StringComparison.Ordinal);
        Assert.Equal(content, File.ReadAllText(file));
    }

    [Fact]
    public void A_key_that_others_can_read_is_refused()
    {
        StaticKeyFile.LoadOrCreate(_folder["static.key"], RandomSource.System).Dispose();
        File.SetUnixFileMode(_folder["static.key"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<AgentException>(() => StaticKeyFile.LoadOrCreate(_folder["static.key"], RandomSource.System)).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Threat", "38")]
    public void A_write_that_was_cut_short_leaves_the_old_content_and_does_not_stop_the_next()
    {
        string file = _folder.Write("table.json", "old");
        _folder.Write("table.json.new", "half of");
        DataDirectory.WriteAtomically(file, "whole"u8);
        Assert.Equal("whole", File.ReadAllText(file));
        Assert.False(File.Exists(file + ".new"));
    }

    public void Dispose() => _folder.Dispose();
}
