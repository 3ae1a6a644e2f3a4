namespace Keyhole.NetStack;

/// <summary>The two references with which an object hangs in an <see cref="AgeList{T, TLink}"/>.</summary>
internal struct AgeLink<T>
    where T : class
{
    public T? Older;
    public T? Newer;
}
