package cache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// An entry's file: 4 bytes magic with the version, a byte of flags, 4 bytes
// length of the content, 16 bytes checksum over the key, the first 9 bytes and
// the body, then the body. All numbers are big-endian.
const (
	magic      = "oer1"
	flagZstd   = 1
	headLength = len(magic) + 1 + 4 + 16
	sumAt      = headLength - 16
)

// compressFrom is the length from which a body is compressed.
const compressFrom = 2 << 10

var (
	encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
		return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	})
	decoder = sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(1<<30))
	})
)

var errDamaged = errors.New("damaged entry")

func pack(k Key, content []byte) ([]byte, error) {
	if len(content) > 1<<30 {
		return nil, errors.New("response cache: the answer is too large to be kept")
	}
	out := make([]byte, headLength, headLength+len(content))
	copy(out, magic)
	binary.BigEndian.PutUint32(out[len(magic)+1:], uint32(len(content)))
	if len(content) >= compressFrom {
		enc, err := encoder()
		if err != nil {
			return nil, err
		}
		out[len(magic)] = flagZstd
		out = enc.EncodeAll(content, out)
	} else {
		out = append(out, content...)
	}
	sum := checksum(k, out)
	copy(out[sumAt:], sum[:16])
	return out, nil
}

func unpack(k Key, raw []byte) ([]byte, error) {
	if len(raw) < headLength || string(raw[:len(magic)]) != magic {
		return nil, errDamaged
	}
	if sum := checksum(k, raw); !bytes.Equal(sum[:16], raw[sumAt:headLength]) {
		return nil, errDamaged
	}
	body, size := raw[headLength:], int(binary.BigEndian.Uint32(raw[len(magic)+1:]))
	switch raw[len(magic)] {
	case 0:
	case flagZstd:
		dec, err := decoder()
		if err != nil {
			return nil, err
		}
		if body, err = dec.DecodeAll(body, nil); err != nil {
			return nil, errDamaged
		}
	default:
		return nil, errDamaged
	}
	if len(body) != size {
		return nil, errDamaged
	}
	return body, nil
}

// checksum is over the key too, so that a file under another's name is none.
func checksum(k Key, raw []byte) [sha256.Size]byte {
	h := sha256.New()
	h.Write(k[:])
	h.Write(raw[:sumAt])
	h.Write(raw[headLength:])
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}
