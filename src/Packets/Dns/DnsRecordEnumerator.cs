namespace Keyhole.Packets;

/// <summary>Walks the records of a message that <see cref="DnsView.TryParse"/> has proven.</summary>
public ref struct DnsRecordEnumerator
{
    private readonly DnsView _view;
    private int _next;
    private int _index;
    private DnsRecord _current;

    internal DnsRecordEnumerator(DnsView view, int offset)
    {
        _view = view;
        _next = offset;
    }

    public readonly DnsRecord Current => _current;

    public readonly DnsRecordEnumerator GetEnumerator() => this;

    public bool MoveNext() =>
        _index < _view.RecordCount && DnsRecord.TryParse(_view.Message, _next, _view.SectionOf(_index++), out _current, out _next);
}
