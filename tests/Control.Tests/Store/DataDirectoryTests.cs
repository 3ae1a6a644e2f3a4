namespace Keyhole.Control.Tests;

/// <summary>What lies beside the database: the directory, and what is sealed with the key in it.</summary>
public sealed class DataDirectoryTests : IDisposable
{
    private readonly DataDirectory _directory = DataDirectory.Create(RunningControl.NewDirectory());

    public void Dispose() => Directory.Delete(_directory.Path, recursive: true);

    [Fact]
    public void Sealed_values_open_for_their_purpose_only()
    {
        using var secrets = new SecretBox(Enumerable.Repeat((byte)1, SecretBox.KeyLength).ToArray());
        using var others = new SecretBox(Enumerable.Repeat((byte)2, SecretBox.KeyLength).ToArray());
        string box = secrets.Seal("secret"u8, "peer 1");
        Assert.Equal("secret"u8.ToArray(), secrets.Open(box, "peer 1"));
        Assert.NotEqual(box, secrets.Seal("secret"u8, "peer 1"));
        Assert.ThrowsAny<OperatorException>(() => secrets.Open(box, "peer 2"));
        Assert.ThrowsAny<OperatorException>(() => others.Open(box, "peer 1"));
        Assert.ThrowsAny<OperatorException>(() => secrets.Open(box[..10], "peer 1"));
        Assert.ThrowsAny<OperatorException>(() => secrets.Open("0:AAAA", "peer 1"));
        Assert.NotEqual(secrets.Check, others.Check);
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherExecute)]
    [InlineData(UnixFileMode.GroupWrite)]
    public void A_directory_that_others_can_enter_is_refused_by_name(UnixFileMode open)
    {
        File.SetUnixFileMode(_directory.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | open);
        var refused = Assert.ThrowsAny<OperatorException>(() => DataDirectory.Open(_directory.Path));
        Assert.EndsWith($"chmod 700 {_directory.Path}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_whose_socket_cannot_have_a_name_is_refused()
    {
        string deep = Path.Combine(_directory.Path, new string('d', 100));
        Assert.Contains("use a shorter --data", Assert.ThrowsAny<OperatorException>(() => DataDirectory.Create(deep)).Message, StringComparison.Ordinal);
    }

    [Fact]
    [Trait("Promise", "O12")]
    public void A_directory_that_a_server_holds_is_told_from_one_that_cannot_be_held()
    {
        using (_directory.TryHold())
        {
            Assert.Null(_directory.TryHold());
            Assert.Contains("stop it first", Assert.ThrowsAny<OperatorException>(_directory.Hold).Message, StringComparison.Ordinal);
        }

        File.Delete(_directory.Lock);
        File.CreateSymbolicLink(_directory.Lock, _directory.Lock);
        Assert.StartsWith($"{_directory.Lock} cannot be opened", Assert.ThrowsAny<OperatorException>(_directory.TryHold).Message, StringComparison.Ordinal);
    }
}
