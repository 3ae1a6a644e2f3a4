using System.IO.MemoryMappedFiles;

namespace Keyhole.Fuzz;

/// <summary>
/// The input that is being run, in a file that outlives the process: what a crash or a hang was made by. The count goes
/// up with each input, so that a watcher sees one that does not end.
/// </summary>
internal sealed unsafe class CurrentInput : IDisposable
{
    private const int HeaderLength = 16;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;

    internal CurrentInput(string path, int capacity)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.OpenOrCreate, null, HeaderLength + capacity);
        _view = _file.CreateViewAccessor();
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
        Capacity = capacity;
    }

    internal int Capacity { get; }

    internal long Count => Volatile.Read(ref *(long*)_start);

    internal void Set(ReadOnlySpan<byte> input)
    {
        *(int*)(_start + 8) = input.Length;
        input.CopyTo(new Span<byte>(_start + HeaderLength, Capacity));
        Volatile.Write(ref *(long*)_start, Count + 1);
    }

    internal byte[] Read() => new ReadOnlySpan<byte>(_start + HeaderLength, Math.Clamp(*(int*)(_start + 8), 0, Capacity)).ToArray();

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
