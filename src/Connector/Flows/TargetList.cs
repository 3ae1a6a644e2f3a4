namespace Keyhole.Connector;

/// <summary>Open targets in no order: adding and removing take constant time, and any of them may go while the list is walked backwards.</summary>
internal sealed class TargetList<T> where T : class
{
    private readonly List<T> _items = [];
    private readonly Action<T, int> _setIndex;

    /// <param name="setIndex">Tells an item its position; -1 when it is not in the list.</param>
    public TargetList(Action<T, int> setIndex) => _setIndex = setIndex;

    public int Count => _items.Count;

    public T this[int index] => _items[index];

    public void Add(T item)
    {
        _setIndex(item, _items.Count);
        _items.Add(item);
    }

    /// <summary>Removes the item at this position; the last one takes its place.</summary>
    public void RemoveAt(int index)
    {
        var last = _items[^1];
        _setIndex(_items[index], -1);
        _items.RemoveAt(_items.Count - 1);
        if (index == _items.Count)
            return;
        _items[index] = last;
        _setIndex(last, index);
    }
}
