namespace Keyhole.NetStack;

/// <summary>Says which link of the object a list uses: one object may hang in several.</summary>
internal interface IAgeLink<T>
    where T : class
{
    static abstract ref AgeLink<T> Of(T item);
}
