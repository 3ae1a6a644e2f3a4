using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Keyhole.Cryptography;

namespace Keyhole.Control;

/// <summary>
/// One kind of object that network files know too. Each change is made as if the whole network had been described anew with
/// this one object added, changed or left out: the rules and the calculation are those of network files.
/// </summary>
/// <typeparam name="TItem">As the network holds it.</typeparam>
/// <typeparam name="TInput">What a client can set.</typeparam>
/// <typeparam name="TView">What a client sees; holds every member of <typeparamref name="TInput"/>.</typeparam>
internal abstract class ObjectKind<TItem, TInput, TView> where TItem : class, INamed where TInput : notnull
{
    /// <summary>"external-clients": in addresses.</summary>
    public abstract string Path { get; }

    /// <summary>"external client": in sentences.</summary>
    public abstract string Word { get; }

    public abstract string ReadPermission { get; }

    public abstract string WritePermission { get; }

    public JsonTypeInfo<TInput> InputType { get; } = ApiJson.TypeOf<TInput>();

    /// <summary>Members whose keys in network files are not just their names with hyphens.</summary>
    protected virtual IReadOnlyDictionary<string, string> FileKeys { get; } = new Dictionary<string, string>();

    /// <summary>Members that network files do not know: <see cref="Complete"/> sees to them.</summary>
    protected virtual IReadOnlyList<string> OwnMembers { get; } = [];

    public abstract IEnumerable<TItem> Items(NetworkState state);

    public abstract TView View(Network network, NetworkState state, TItem item);

    /// <exception cref="ApiException">There is none.</exception>
    public TItem Find(NetworkState state, string name) =>
        Items(state).FirstOrDefault(item => Names.Comparer.Equals(item.Name, name)) ?? throw ApiException.NotFound(Word, name);

    /// <summary>What a client could have sent to make the object as it is.</summary>
    public JsonObject InputOf(TView view)
    {
        var settable = InputType.Properties.Select(property => property.Name).ToHashSet(StringComparer.Ordinal);
        var json = (JsonObject)JsonSerializer.SerializeToNode(view, ApiJson.TypeOf<TView>())!;
        return new JsonObject(json.Where(member => settable.Contains(member.Key)).Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
    }

    public virtual string TagOf(TView view) => EntityTag.Of(JsonSerializer.SerializeToUtf8Bytes(InputOf(view)));

    /// <exception cref="ApiException">There is none of this name.</exception>
    public string TagOf(Network network, NetworkState state, string name) => TagOf(View(network, state, Find(state, name)));

    /// <summary>The network with a new object, or with another one in the place of <paramref name="old"/>.</summary>
    /// <exception cref="ApiException">The input is no valid object.</exception>
    /// <exception cref="OperatorException">The overlay has no address left.</exception>
    public NetworkState Put(NetworkState state, TItem? old, JsonObject input, DateTimeOffset now)
    {
        if (old is null)
            Fill(state, input = (JsonObject)input.DeepClone());
        var findings = new Findings();
        var described = new JsonObject(input.Where(member => !OwnMembers.Contains(member.Key)).Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone())));
        var edit = Read(DescriptionReader.ForObject(state, old, findings), JsonNodes.ToNode(described, FileKey));
        if (findings.Any)
            throw ApiException.Fields(findings.Sorted().Select(finding => KeyValuePair.Create(Member(finding.Path), $"{finding.Problem}; {finding.Fix}")));
        // The same object under another name stays the same object: renamed first, it is found by its name.
        var (name, apply) = edit!.Value;
        var present = old is null || old.Name == name ? state : Rename(state, old, name);
        var next = Reconcile(present, apply(StateDescription.Of(present)), now);
        next = Complete(next, Items(next).First(item => Names.Comparer.Equals(item.Name, name)), JsonBody.Convert(input, InputType)) with { Revision = state.Revision };
        return next == state ? state : next with { Revision = state.Revision + 1 };
    }

    /// <summary>The network without an object, and without what was granted to it or of it.</summary>
    /// <exception cref="OperatorException">Others stand on it.</exception>
    public NetworkState Remove(NetworkState state, TItem item, DateTimeOffset now) => Reconcile(state, Without(state, StateDescription.Of(state), item), now);

    /// <summary>Gives a new object what was left out and can be chosen for it.</summary>
    protected virtual void Fill(NetworkState state, JsonObject input)
    {
        // Most kinds need what they require.
    }

    /// <summary>Reads an object by the rules of network files: its name, and the step to a description that holds it. Null with findings.</summary>
    protected abstract (string Name, Func<NetworkDescription, NetworkDescription> Apply)? Read(DescriptionReader reader, Node node);

    /// <summary>Sets what network files do not know, in an object that they would have made.</summary>
    protected virtual NetworkState Complete(NetworkState state, TItem item, TInput input) => state;

    protected abstract NetworkDescription Without(NetworkState state, NetworkDescription network, TItem item);

    protected abstract NetworkState Rename(NetworkState state, TItem item, string name);

    protected static ValueList<T> Put<T>(ValueList<T> items, T item, Func<T, string> nameOf) =>
        items.Where(other => !Names.Comparer.Equals(nameOf(other), nameOf(item))).Append(item).ToValueList();

    protected static ValueList<T> Without<T>(ValueList<T> items, string name, Func<T, string> nameOf) =>
        items.Where(other => !Names.Comparer.Equals(nameOf(other), name)).ToValueList();

    protected static ValueList<T> Rename<T>(ValueList<T> items, int id, Func<T, T> rename) where T : INamed =>
        items.Select(item => item.Id == id ? rename(item) : item).ToValueList();

    private static NetworkState Reconcile(NetworkState state, NetworkDescription description, DateTimeOffset now)
    {
        try
        {
            return Reconciliation.Reconcile(state, description, now, RandomSource.System);
        }
        catch (OverlayExhaustedException error)
        {
            throw new OperatorException(error.Message);
        }
    }

    private string FileKey(string member) => FileKeys.GetValueOrDefault(member) ?? JsonNamingPolicy.KebabCaseLower.ConvertName(member);

    /// <summary>"tls-endpoint[1]" is "tlsEndpoints[1]" to the client.</summary>
    private string Member(string path)
    {
        int end = path.AsSpan().IndexOfAny('[', '.');
        string key = end < 0 ? path : path[..end];
        string member = InputType.Properties.Select(property => property.Name).FirstOrDefault(name => FileKey(name) == key) ?? key;
        return end < 0 ? member : string.Concat(member, path.AsSpan(end));
    }
}
