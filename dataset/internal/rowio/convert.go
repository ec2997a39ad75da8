package rowio

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"olmoeval/eval"
)

// converter gives what a leaf's values are in a document: numbers are
// json.Number, times ISO 8601 text, bytes that are not text base64, NaN null.
func converter(t parquet.Type) func(parquet.Value) (any, error) {
	var logical format.LogicalTypeValue
	if lt := t.LogicalType(); lt != nil {
		logical = lt.Value
	}
	plain := physical(t.Kind(), logical)
	return func(v parquet.Value) (any, error) {
		if v.IsNull() {
			return nil, nil
		}
		return plain(v)
	}
}

func physical(kind parquet.Kind, logical format.LogicalTypeValue) func(parquet.Value) (any, error) {
	switch kind {
	case parquet.Boolean:
		return func(v parquet.Value) (any, error) { return v.Boolean(), nil }
	case parquet.Int32:
		return integer(logical, func(v parquet.Value) int64 { return int64(v.Int32()) }, 32)
	case parquet.Int64:
		return integer(logical, parquet.Value.Int64, 64)
	case parquet.Int96:
		return func(v parquet.Value) (any, error) {
			// Nanoseconds of the day, then the Julian day.
			w := v.Int96()
			t := time.Unix((int64(w[2])-2440588)*86400, int64(w[1])<<32|int64(w[0]))
			return isoTime(t, true), nil
		}
	case parquet.Float:
		return func(v parquet.Value) (any, error) { return float(float64(v.Float())), nil }
	case parquet.Double:
		return func(v parquet.Value) (any, error) { return float(v.Double()), nil }
	}
	return bytesConverter(logical)
}

// integer converts INT32 and INT64 by their logical type.
func integer(logical format.LogicalTypeValue, get func(parquet.Value) int64, bits int) func(parquet.Value) (any, error) {
	switch l := logical.(type) {
	case *format.DateType:
		return func(v parquet.Value) (any, error) {
			return time.Unix(get(v)*86400, 0).UTC().Format(time.DateOnly), nil
		}
	case *format.TimestampType:
		unit := l.Unit.Value
		return func(v parquet.Value) (any, error) { return isoTime(fromEpoch(get(v), unit), l.IsAdjustedToUTC), nil }
	case *format.TimeType:
		unit := l.Unit.Value
		return func(v parquet.Value) (any, error) {
			return fromEpoch(get(v), unit).Format("15:04:05.999999999"), nil
		}
	case *format.DecimalType:
		return func(v parquet.Value) (any, error) { return decimal(big.NewInt(get(v)), int(l.Scale)), nil }
	case *format.IntType:
		if !l.IsSigned {
			return func(v parquet.Value) (any, error) {
				u := uint64(get(v))
				if bits == 32 {
					u = uint64(uint32(u))
				}
				return json.Number(strconv.FormatUint(u, 10)), nil
			}
		}
	}
	return func(v parquet.Value) (any, error) { return json.Number(strconv.FormatInt(get(v), 10)), nil }
}

func bytesConverter(logical format.LogicalTypeValue) func(parquet.Value) (any, error) {
	switch l := logical.(type) {
	case *format.DecimalType:
		return func(v parquet.Value) (any, error) { return decimal(twosComplement(v.ByteArray()), int(l.Scale)), nil }
	case *format.UUIDType:
		return func(v parquet.Value) (any, error) {
			b := v.ByteArray()
			if len(b) != 16 {
				return nil, errors.New("a UUID has 16 bytes")
			}
			h := hex.EncodeToString(b)
			return strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-"), nil
		}
	case *format.Float16Type:
		return func(v parquet.Value) (any, error) {
			b := v.ByteArray()
			if len(b) != 2 {
				return nil, errors.New("a half float has 2 bytes")
			}
			return float(half(uint16(b[0]) | uint16(b[1])<<8)), nil
		}
	case *format.StringType, *format.EnumType, *format.JsonType:
		return func(v parquet.Value) (any, error) {
			b := v.ByteArray()
			if !utf8.Valid(b) {
				return nil, errors.New("text that is not UTF-8")
			}
			return string(b), nil
		}
	}
	return func(v parquet.Value) (any, error) {
		b := v.ByteArray()
		if utf8.Valid(b) {
			return string(b), nil
		}
		return base64.StdEncoding.EncodeToString(b), nil
	}
}

// float spells a number as Python does, so that 3 stays 3.0.
func float(f float64) any {
	switch {
	case math.IsNaN(f):
		return nil
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return json.Number(eval.AppendCanonical(nil, f))
}

// half is the value of an IEEE 754 binary16.
func half(b uint16) float64 {
	exp, frac := int(b>>10&31), float64(b&1023)
	var f float64
	switch exp {
	case 0:
		f = math.Ldexp(frac, -24)
	case 31:
		f = math.Inf(1)
		if frac != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+frac, exp-25)
	}
	if b>>15 == 1 {
		f = -f
	}
	return f
}

// decimal is unscaled·10^-scale with all its digits.
func decimal(unscaled *big.Int, scale int) json.Number {
	if scale <= 0 {
		return json.Number(unscaled.String() + strings.Repeat("0", -scale))
	}
	digits := new(big.Int).Abs(unscaled).String()
	if len(digits) <= scale {
		digits = strings.Repeat("0", scale-len(digits)+1) + digits
	}
	text := digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	if unscaled.Sign() < 0 {
		text = "-" + text
	}
	return json.Number(text)
}

func twosComplement(b []byte) *big.Int {
	n := new(big.Int).SetBytes(b)
	if len(b) > 0 && b[0]&0x80 != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(len(b))*8))
	}
	return n
}

func fromEpoch(n int64, unit format.TimeUnitValue) time.Time {
	switch unit.(type) {
	case *format.MilliSeconds:
		return time.UnixMilli(n).UTC()
	case *format.MicroSeconds:
		return time.UnixMicro(n).UTC()
	}
	return time.Unix(0, n).UTC()
}

func isoTime(t time.Time, utc bool) string {
	layout := "2006-01-02T15:04:05.999999999"
	if utc {
		layout += "Z"
	}
	return t.UTC().Format(layout)
}
