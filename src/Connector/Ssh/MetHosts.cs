using System.Text.Json;
using Keyhole.Agent;
using Microsoft.Extensions.Logging;

namespace Keyhole.Connector;

/// <summary>
/// The hosts whose daemons were told to let somebody in, on disk: a resource that leaves the table while the connector is down is
/// withdrawn from its host all the same. An entry is there before the first word with the daemon and goes when the daemon has confirmed the last.
/// </summary>
/// <param name="file">Null: nothing is kept.</param>
internal sealed class MetHosts(string? file, ILogger logger)
{
    private readonly Lock _gate = new();
    private List<SshTarget>? _hosts;

    /// <summary>One entry per resource and daemon, without what the daemon was told. A file that cannot be read is as good as none.</summary>
    public IReadOnlyList<SshTarget> Read()
    {
        lock (_gate)
            return [.. Load()];
    }

    public void Add(SshTarget target)
    {
        lock (_gate)
        {
            if (Load().Exists(other => IsSame(other, target)))
                return;
            var withdrawn = target.Withdrawn(target.Version);
            Save([.. Load(), withdrawn with { Row = withdrawn.Row with { Revoked = [] } }]);
        }
    }

    public void Remove(SshTarget target)
    {
        lock (_gate)
        {
            if (Load().Exists(other => IsSame(other, target)))
                Save([.. Load().Where(other => !IsSame(other, target))]);
        }
    }

    private static bool IsSame(SshTarget one, SshTarget other) => one.Row.Resource == other.Row.Resource && one.HasDaemonOf(other);

    private List<SshTarget> Load()
    {
        if (_hosts is not null)
            return _hosts;
        try
        {
            _hosts = file is null || !File.Exists(file) ? [] : JsonSerializer.Deserialize(File.ReadAllBytes(file), MetHostsJson.Default.ListSshTarget);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or NotSupportedException)
        {
            SshLog.Forgotten(logger, e.Message);
        }

        return _hosts ??= [];
    }

    private void Save(List<SshTarget> hosts)
    {
        _hosts = hosts;
        try
        {
            if (file is not null)
                DataDirectory.WriteAtomically(file, JsonSerializer.SerializeToUtf8Bytes(hosts, MetHostsJson.Default.ListSshTarget));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            SshLog.Forgotten(logger, e.Message);
        }
    }
}
