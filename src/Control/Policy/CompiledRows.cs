namespace Keyhole.Control;

/// <summary>The rows of one kind. Of an object that a change does not touch the row is the same object before and after it.</summary>
/// <typeparam name="TItem">Of the state.</typeparam>
/// <typeparam name="TRow">Equal by value.</typeparam>
internal sealed class CompiledRows<TItem, TRow>
    where TItem : class, INamed
    where TRow : class
{
    private readonly Dictionary<int, (TItem Item, TRow Row)> _rows;

    private CompiledRows(Dictionary<int, (TItem Item, TRow Row)> rows, HashSet<int> changed)
    {
        _rows = rows;
        Changed = changed;
    }

    public static CompiledRows<TItem, TRow> Empty { get; } = new([], []);

    /// <summary>Identifiers of the rows that are new, other or gone since the rows that these followed.</summary>
    public HashSet<int> Changed { get; }

    /// <summary>In the order of the state.</summary>
    public IEnumerable<(TItem Item, TRow Row)> All => _rows.Values;

    public TRow? Find(int id) => _rows.TryGetValue(id, out var entry) ? entry.Row : null;

    public TItem? FindItem(int id) => _rows.TryGetValue(id, out var entry) ? entry.Item : null;

    /// <summary>The rows after a change that touches none of them.</summary>
    public CompiledRows<TItem, TRow> Same() => Changed.Count == 0 ? this : new CompiledRows<TItem, TRow>(_rows, []);

    public CompiledRows<TItem, TRow> Next(IEnumerable<TItem> items, Func<TItem, TRow> make)
    {
        var rows = new Dictionary<int, (TItem Item, TRow Row)>(_rows.Count);
        var changed = new HashSet<int>();
        int kept = 0;
        foreach (var item in items)
        {
            bool known = _rows.TryGetValue(item.Id, out var old);
            kept += known ? 1 : 0;
            if (known && ReferenceEquals(old.Item, item))
            {
                rows.Add(item.Id, old);
                continue;
            }

            var row = make(item);
            bool same = known && row.Equals(old.Row);
            rows.Add(item.Id, (item, same ? old.Row : row));
            if (!same)
                changed.Add(item.Id);
        }

        if (kept < _rows.Count)
            changed.UnionWith(_rows.Keys.Where(id => !rows.ContainsKey(id)));
        return new CompiledRows<TItem, TRow>(rows, changed);
    }
}
