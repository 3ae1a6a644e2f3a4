using System.Diagnostics;

namespace Keyhole.NetStack;

/// <summary>A list from the longest to the shortest untouched object; every operation is a few stores and allocates nothing.</summary>
internal struct AgeList<T, TLink>
    where T : class
    where TLink : struct, IAgeLink<T>
{
    public T? Oldest { get; private set; }

    public T? Newest { get; private set; }

    public void Add(T item)
    {
        ref var link = ref TLink.Of(item);
        Debug.Assert(link.Older is null && link.Newer is null && !ReferenceEquals(Oldest, item), "The object hangs in a list already.");
        link.Older = Newest;
        if (Newest is null)
            Oldest = item;
        else
            TLink.Of(Newest).Newer = item;
        Newest = item;
    }

    public void Remove(T item)
    {
        ref var link = ref TLink.Of(item);
        if (link.Older is null)
            Oldest = link.Newer;
        else
            TLink.Of(link.Older).Newer = link.Newer;
        if (link.Newer is null)
            Newest = link.Older;
        else
            TLink.Of(link.Newer).Older = link.Older;
        link = default;
    }

    /// <summary>Makes the object the newest.</summary>
    public void Renew(T item)
    {
        if (ReferenceEquals(Newest, item))
            return;
        Remove(item);
        Add(item);
    }
}
