using System.Globalization;

namespace Keyhole.Control;

/// <summary>
/// Lists in parts: "?limit=" objects (100 unless said) behind the one that "?after=" names. A part begins behind a name, not at
/// a position, so that objects which come and go meanwhile make no other one appear twice or not at all.
/// </summary>
internal static class Paging
{
    public const int DefaultLimit = 100;
    public const int MaximumLimit = 1000;

    public static int LimitOf(HttpRequest request)
    {
        if (request.Query["limit"] is not [{ } text])
            return DefaultLimit;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaximumLimit
            ? limit
            : throw ApiException.Field("limit", $"this is no number from 1 to {MaximumLimit}");
    }

    public static string? AfterOf(HttpRequest request) => request.Query["after"] is [{ Length: > 0 } after] ? after : null;

    /// <summary>The part that a request asks for, in the order of the names.</summary>
    public static Page<TView> Of<TItem, TView>(HttpRequest request, IEnumerable<TItem> items, Func<TItem, string> nameOf, Func<TItem, TView> view)
    {
        int limit = LimitOf(request);
        string? after = AfterOf(request);
        var part = items.Select(item => (Item: item, Name: nameOf(item)))
            .Where(entry => after is null || Names.Comparer.Compare(entry.Name, after) > 0)
            .OrderBy(entry => entry.Name, Names.Comparer).Take(limit + 1).ToList();
        return new Page<TView>([.. part.Take(limit).Select(entry => view(entry.Item))], part.Count > limit ? part[limit - 1].Name : null);
    }
}
