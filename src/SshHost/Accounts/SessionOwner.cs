using System.Globalization;

namespace Keyhole.SshHost;

/// <summary>The users whose processes are one account's: its own number, and those that it may take for processes in namespaces of its own (subuid(5)).</summary>
internal sealed class SessionOwner
{
    private const string SubordinateFile = "/etc/subuid";

    private readonly List<(long First, long Count)> _subordinate = [];

    public SessionOwner(string name, long uid)
    {
        (Name, Uid) = (name, uid);
        string number = uid.ToString(CultureInfo.InvariantCulture);
        foreach (string line in File.Exists(SubordinateFile) ? File.ReadLines(SubordinateFile) : [])
        {
            if (line.Split(':') is [var owner, var first, var count] && (owner == name || owner == number)
                && long.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out long start) && long.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out long length))
                _subordinate.Add((start, length));
        }
    }

    public string Name { get; }

    public long Uid { get; }

    public bool Owns(long uid) => uid == Uid || _subordinate.Exists(range => uid >= range.First && uid - range.First < range.Count);
}
