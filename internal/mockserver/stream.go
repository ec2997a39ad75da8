package mockserver

import (
	"strconv"

	"olmoeval/internal/provider/wire"
)

// piece is how much text a chunk carries.
const piece = 16

// chunks writes one choice as events.
func (a *answer) chunks(index int, text, finish string) {
	object := a.object
	if a.chat {
		object = "chat.completion.chunk"
	}
	for at := 0; at < len(text) || at == 0; {
		end := min(len(text), at+piece)
		for end < len(text) && text[end]&0xc0 == 0x80 {
			end++ // never within a character
		}
		b := a.head(a.out[:0], object)
		b = strconv.AppendInt(append(b, `{"index":`...), int64(index), 10)
		if a.chat {
			b = append(b, `,"delta":{"content":`...)
			b = append(wire.AppendString(b, text[at:end]), '}')
		} else {
			b = wire.AppendString(append(b, `,"text":`...), text[at:end])
		}
		b = a.appendLogprobs(append(b, `,"logprobs":`...), text[at:end], at)
		b = append(b, `,"finish_reason":`...)
		if end == len(text) {
			b = wire.AppendString(b, finish)
		} else {
			b = append(b, "null"...)
		}
		a.event(append(b, "}]}"...))
		if at = end; at == len(text) {
			return
		}
	}
}

// event sends one event at once.
func (a *answer) event(data []byte) {
	a.w.Write([]byte("data: "))
	a.w.Write(data)
	a.w.Write([]byte("\n\n"))
	if a.flusher != nil {
		a.flusher.Flush()
	}
	a.out = data[:0]
}
