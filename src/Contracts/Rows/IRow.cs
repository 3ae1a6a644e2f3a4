namespace Keyhole.Contracts;

/// <summary>A row of a <see cref="Table"/>. Rows compare by value, their lists included.</summary>
internal interface IRow
{
    /// <summary>Unique within its kind and table.</summary>
    int Key { get; }
}
