using System.Net;
using Keyhole.Tunnel;

namespace Keyhole.Client.Tests.Names;

public sealed class RestoreTests : IDisposable
{
    private static readonly IPAddress Own = IPAddress.Parse("127.100.64.53");

    private readonly string _folder = Directory.CreateTempSubdirectory("keyhole-restore-").FullName;
    private readonly string _path;
    private readonly RestoreFile _restore;

    public RestoreTests()
    {
        _path = Path.Combine(_folder, "resolv.conf");
        _restore = new RestoreFile(_folder);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [Trait("Threat", "26")]
    [InlineData("nameserver 192.0.2.1\n")]
    [InlineData("options rotate\nnameserver 192.0.2.1\n")]
    [InlineData("")]
    [InlineData(null)]
    public async Task What_was_changed_is_undone_once_whoever_comes_next(string? before)
    {
        if (before is not null)
            File.WriteAllText(_path, before);
        await ChangeAsync();
        Assert.Contains("nameserver 127.100.64.53", File.ReadAllText(_path), StringComparison.Ordinal);
        Assert.True(_restore.IsThere);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "restore.json")));

        var undone = await new RestoreFile(_folder).UndoAsync();
        Assert.Equal((FileResolver.Kind, _path), (undone!.Kind, undone.Path));
        Assert.Equal(before, File.Exists(_path) ? File.ReadAllText(_path) : null);
        Assert.False(_restore.IsThere);
        Assert.Null(await _restore.UndoAsync());
        Assert.Equal(before, File.Exists(_path) ? File.ReadAllText(_path) : null);
    }

    [Fact]
    [Trait("Threat", "26")]
    public async Task What_another_program_wrote_stays()
    {
        File.WriteAllText(_path, "nameserver 192.0.2.1\n");
        await ChangeAsync();
        File.WriteAllText(_path, "nameserver 192.0.2.2\n");
        await _restore.UndoAsync();
        Assert.Equal("nameserver 192.0.2.2\n", File.ReadAllText(_path));

        await ChangeAsync();
        File.AppendAllText(_path, "search new.lan\n");
        await _restore.UndoAsync();
        Assert.Equal("nameserver 192.0.2.2\nsearch new.lan\n", File.ReadAllText(_path));

        await ChangeAsync();
        File.Delete(_path);
        await _restore.UndoAsync();
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task A_link_stays_a_link()
    {
        string target = Path.Combine(_folder, "target");
        File.WriteAllText(target, "nameserver 192.0.2.1\n");
        File.CreateSymbolicLink(_path, target);
        await ChangeAsync();
        Assert.Equal(target, File.ResolveLinkTarget(_path, returnFinalTarget: false)!.FullName);
        Assert.Contains("127.100.64.53", File.ReadAllText(target), StringComparison.Ordinal);
        await _restore.UndoAsync();
        Assert.Equal("nameserver 192.0.2.1\n", File.ReadAllText(target));
        Assert.NotNull(File.ResolveLinkTarget(_path, returnFinalTarget: false));
    }

    [Fact]
    [Trait("Threat", "26")]
    public async Task A_link_that_led_nowhere_does_so_again()
    {
        string target = Path.Combine(_folder, "target");
        File.CreateSymbolicLink(_path, target);
        await ChangeAsync();
        Assert.True(File.Exists(target));
        await _restore.UndoAsync();
        Assert.False(File.Exists(target));
        Assert.Equal(target, File.ResolveLinkTarget(_path, returnFinalTarget: false)!.FullName);
    }

    [Fact]
    [Trait("Threat", "26")]
    public async Task A_file_that_was_not_there_goes_also_after_another_table()
    {
        var resolver = await ChangeAsync();
        _restore.Save(resolver.Record(Own));
        await resolver.ApplyAsync(Own, NameTable.None);
        await _restore.UndoAsync();
        Assert.False(File.Exists(_path));
    }

    [Fact]
    public async Task A_change_of_another_program_is_noticed_and_its_servers_are_asked()
    {
        File.WriteAllText(_path, "nameserver 192.0.2.1\n");
        var resolver = await ChangeAsync();
        Assert.True(resolver.IsInForce(Own));
        Assert.Equal("192.0.2.1:53", Assert.Single(resolver.Servers(Own)).ToString());
        File.WriteAllText(_path, "nameserver 192.0.2.2\n");
        Assert.False(resolver.IsInForce(Own));
        Assert.Equal("192.0.2.2:53", Assert.Single(resolver.Servers(Own)).ToString());
        _restore.Save(resolver.Record(Own));
        await resolver.ApplyAsync(Own, NameTable.None);
        Assert.True(resolver.IsInForce(Own));
        await _restore.UndoAsync();
        Assert.Equal("nameserver 192.0.2.2\n", File.ReadAllText(_path));
    }

    [Fact]
    [Trait("Promise", "D9")]
    public async Task Two_clients_find_each_other_in_the_file_and_leave_it_as_it_was()
    {
        const string Before = "nameserver 192.0.2.1\n";
        var later = IPAddress.Parse("127.100.64.54");
        var laterRestore = new RestoreFile(Directory.CreateDirectory(Path.Combine(_folder, "later")).FullName);
        foreach (bool laterGoesFirst in (bool[])[false, true])
        {
            File.WriteAllText(_path, Before);
            var first = await ChangeAsync();
            var second = new FileResolver(_path);
            laterRestore.Save(second.Record(later));
            await second.ApplyAsync(later, NameTable.None);
            string both = File.ReadAllText(_path);
            // The first one sees a change, and has nothing to write.
            Assert.False(first.IsInForce(Own));
            _restore.Save(first.Record(Own));
            await first.ApplyAsync(Own, NameTable.None);
            Assert.Equal(both, File.ReadAllText(_path));
            Assert.True(first.IsInForce(Own) && second.IsInForce(later));
            Assert.Equal(["127.100.64.53:53", "192.0.2.1:53"], second.Servers(later).Select(server => server.ToString()));
            Assert.Equal(["192.0.2.1:53"], first.Servers(Own).Select(server => server.ToString()));

            await (laterGoesFirst ? laterRestore : _restore).UndoAsync();
            Assert.NotEqual(Before, File.ReadAllText(_path));
            await (laterGoesFirst ? _restore : laterRestore).UndoAsync();
            Assert.Equal(Before, File.ReadAllText(_path));
        }
    }

    [Fact]
    public async Task A_record_that_cannot_be_read_is_not_removed()
    {
        string record = Path.Combine(_folder, "restore.json");
        foreach (string text in new[] { "", "{", "[]", "{\"version\":2}", "{\"version\":1,\"server\":\"x\"}", "{\"version\":1,\"server\":\"127.0.0.1\",\"dns\":\"file\",\"link\":\"\",\"path\":\"/x\",\"original\":\"%\"}", "{\"version\":1,\"server\":\"127.0.0.1\",\"dns\":\"other\",\"link\":\"\",\"path\":\"\"}" })
        {
            File.WriteAllText(record, text);
            await Assert.ThrowsAsync<ResolverException>(_restore.UndoAsync);
            Assert.True(_restore.IsThere);
        }
    }

    private async Task<FileResolver> ChangeAsync()
    {
        var resolver = new FileResolver(_path);
        _restore.Save(resolver.Record(Own));
        await resolver.ApplyAsync(Own, NameTable.None);
        return resolver;
    }
}
