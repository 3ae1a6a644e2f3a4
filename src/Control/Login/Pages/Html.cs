using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;

namespace Keyhole.Control;

/// <summary>A piece of HTML. Whatever is put into one as text is encoded; only another piece goes in as it is.</summary>
internal readonly struct Html
{
    private readonly string? _text;

    private Html(string text) => _text = text;

    public static Html Empty => default;

    public static Html Of(Builder builder) => new(builder.ToString());

    public static Html Join(IEnumerable<Html> pieces) => new(string.Concat(pieces.Select(piece => piece._text)));

    public override string ToString() => _text ?? "";

    /// <summary>What the compiler makes of an interpolated string.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Builder
    {
        private readonly StringBuilder _text;

        public Builder(int literalLength, int formattedCount) => _text = new StringBuilder(literalLength + 16 * formattedCount);

        public void AppendLiteral(string literal) => _text.Append(literal);

        public void AppendFormatted(Html piece) => _text.Append(piece.ToString());

        public void AppendFormatted(string? text) => _text.Append(text is null ? "" : HtmlEncoder.Default.Encode(text));

        public void AppendFormatted(int number) => _text.Append(number);

        public void AppendFormatted(long number) => _text.Append(number);

        public override string ToString() => _text.ToString();
    }
}
