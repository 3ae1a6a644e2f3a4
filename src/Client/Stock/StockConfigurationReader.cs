using System.Globalization;
using Keyhole.Cryptography;
using Keyhole.Packets;

namespace Keyhole.Client;

/// <summary>Reads the file format of wg(8) and wg-quick(8): sections, <c>Key = value</c>, comments after '#'.</summary>
internal sealed class StockConfigurationReader
{
    private const int DefaultMtu = 1280;

    private readonly Dictionary<string, (string Value, int Line)> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _errors = [];
    private string _section = "";
    private int _peerCount;

    private StockConfigurationReader()
    {
    }

    /// <summary>Reads the text; every fault is reported with its line, and no value of a key is ever part of one.</summary>
    /// <returns>The configuration, or null with at least one error.</returns>
    public static StockConfiguration? Read(string text, out IReadOnlyList<string> errors)
    {
        var reader = new StockConfigurationReader();
        int number = 0;
        foreach (string line in text.Split('\n'))
            reader.ReadLine(line.Split('#')[0].Trim(), ++number);
        errors = reader._errors;
        var configuration = reader._errors.Count == 0 ? reader.Build() : null;
        if (reader._errors.Count == 0)
            return configuration;
        configuration?.Dispose();
        return null;
    }

    private void ReadLine(string line, int number)
    {
        if (line.Length == 0)
            return;
        if (line[0] == '[')
        {
            _section = line.ToUpperInvariant() switch { "[INTERFACE]" => "Interface", "[PEER]" => "Peer", _ => "" };
            if (_section.Length == 0)
                _errors.Add($"line {number}: section {line} is unknown: [Interface] and [Peer] are known.");
            if (_section == "Peer" && ++_peerCount == 2)
                _errors.Add($"line {number}: a second [Peer]: the proxy takes configurations with one peer, the relay.");
            return;
        }

        int equals = line.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || _section.Length == 0)
        {
            _errors.Add($"line {number}: expected 'Key = value' inside [Interface] or [Peer].");
            return;
        }

        string name = $"{_section}.{line[..equals].Trim()}", value = line[(equals + 1)..].Trim();
        // AllowedIPs and Address may be given several times: the lists add up, as they do for wg.
        _values[name] = _values.TryGetValue(name, out var earlier) ? ($"{earlier.Value},{value}", number) : (value, number);
    }

    private StockConfiguration? Build()
    {
        string? privateKey = Required("Interface.PrivateKey", "ask Control for a new one: keyhole-control external-client config NAME --new-key");
        string? peerKey = Required("Peer.PublicKey", "it is the relay's");
        string? endpoint = Required("Peer.Endpoint", "it is the relay's host:21820");
        var addresses = List("Interface.Address", (string item, out IpAddress address) => IpAddress.TryParse(item.Split('/')[0], out address));
        var allowedIps = List<IpPrefix>("Peer.AllowedIPs", (string item, out IpPrefix prefix) => IpPrefix.TryParse(item, out prefix));
        if (addresses.Count == 0)
            _errors.Add("[Interface] has no Address.");
        int mtu = Number("Interface.MTU", DefaultMtu, 576, 65535), keepalive = Number("Peer.PersistentKeepalive", 0, 0, 65535);
        var publicKey = default(PublicKey);
        if (peerKey is not null && !PublicKey.TryParse(peerKey, out publicKey))
            _errors.Add($"line {_values["Peer.PublicKey"].Line}: PublicKey is not the base64 of 32 bytes.");
        var preshared = ReadPresharedKey();
        var key = ReadPrivateKey(privateKey);
        if (_errors.Count == 0)
        {
            return new StockConfiguration
            {
                PrivateKey = key!, Addresses = addresses, Mtu = mtu, PeerKey = publicKey, PresharedKey = preshared,
                AllowedIps = allowedIps, Endpoint = endpoint!, PersistentKeepalive = keepalive,
            };
        }

        key?.Dispose();
        preshared?.Dispose();
        return null;
    }

    private string? Required(string name, string hint)
    {
        if (_values.TryGetValue(name, out var found) && found.Value.Length > 0)
            return found.Value;
        _errors.Add($"[{name.Replace(".", "] has no ", StringComparison.Ordinal)}: {hint}.");
        return null;
    }

    private delegate bool ItemReader<T>(string item, out T value);

    private List<T> List<T>(string name, ItemReader<T> read)
    {
        var list = new List<T>();
        if (!_values.TryGetValue(name, out var found))
            return list;
        foreach (string item in found.Value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (read(item, out var value))
                list.Add(value);
            else
                _errors.Add($"line {found.Line}: '{item}' of {name.Split('.')[1]} is not an address or prefix.");
        }

        return list;
    }

    private int Number(string name, int absent, int least, int greatest)
    {
        if (!_values.TryGetValue(name, out var found) || found.Value.Equals("off", StringComparison.OrdinalIgnoreCase))
            return absent;
        if (int.TryParse(found.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= least && value <= greatest)
            return value;
        _errors.Add($"line {found.Line}: {name.Split('.')[1]} '{found.Value}' is not a number from {least} to {greatest}.");
        return absent;
    }

    private PresharedKey? ReadPresharedKey() =>
        _values.ContainsKey("Peer.PresharedKey") ? ReadKey("Peer.PresharedKey", bytes => new PresharedKey(bytes)) : null;

    private PrivateKey? ReadPrivateKey(string? text) =>
        text is null ? null : ReadKey("Interface.PrivateKey", bytes => new PrivateKey(bytes));

    private delegate T KeyMaker<T>(ReadOnlySpan<byte> bytes);

    private T? ReadKey<T>(string name, KeyMaker<T> make) where T : class
    {
        Span<byte> bytes = stackalloc byte[33];
        try
        {
            if (Convert.TryFromBase64String(_values[name].Value, bytes, out int length) && length == 32)
                return make(bytes[..32]);
            _errors.Add($"line {_values[name].Line}: {name.Split('.')[1]} is not the base64 of 32 bytes.");
            return null;
        }
        finally
        {
            Zero.Fill(bytes);
        }
    }
}
