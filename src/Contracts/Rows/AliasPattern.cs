namespace Keyhole.Contracts;

/// <summary>
/// An alias, with wildcards or without. A first label that is * stands for one or more labels, as in the DNS (RFC 4592); elsewhere * is any run of characters inside
/// its label, and ? is one character.
/// </summary>
public sealed class AliasPattern
{
    private readonly string[] _labels;
    private readonly bool _takesMoreLabels;

    /// <param name="alias">A DNS name in lower case; its last label holds no wildcard.</param>
    public AliasPattern(string alias)
    {
        ArgumentNullException.ThrowIfNull(alias);
        _labels = alias.Split('.');
        _takesMoreLabels = _labels[0] == "*";
        Suffix = string.Join('.', _labels.Skip(1 + Array.FindLastIndex(_labels, IsWild)));
        LiteralLength = alias.Count(letter => letter is not ('*' or '?'));
    }

    /// <summary>The labels after the last one with a wildcard: every name that matches ends with them.</summary>
    public string Suffix { get; }

    /// <summary>Characters that are themselves: the more, the more exact.</summary>
    public int LiteralLength { get; }

    public static bool IsWild(string text) => text.AsSpan().IndexOfAny('*', '?') >= 0;

    /// <param name="name">In lower case, without the last dot.</param>
    public bool Matches(ReadOnlySpan<char> name)
    {
        for (int index = _labels.Length - 1; index > 0; index--)
        {
            int dot = name.LastIndexOf('.');
            if (dot < 0 || !MatchesLabel(_labels[index], name[(dot + 1)..]))
                return false;
            name = name[..dot];
        }

        return _takesMoreLabels || (!name.Contains('.') && MatchesLabel(_labels[0], name));
    }

    /// <summary>Goes back to the last * only: an earlier one has nothing to gain, so the work is bounded by the product of the lengths.</summary>
    private static bool MatchesLabel(ReadOnlySpan<char> pattern, ReadOnlySpan<char> label)
    {
        int at = 0;
        int star = -1;
        int resume = 0;
        for (int i = 0; i < label.Length;)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                star = at++;
                resume = i;
            }
            else if (at < pattern.Length && (pattern[at] == '?' || pattern[at] == label[i]))
            {
                at++;
                i++;
            }
            else if (star >= 0)
            {
                at = star + 1;
                i = ++resume;
            }
            else
            {
                return false;
            }
        }

        return pattern[at..].IndexOfAnyExcept('*') < 0;
    }
}
