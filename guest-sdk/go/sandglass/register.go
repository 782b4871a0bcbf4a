package sandglass

import (
	"sandglass.dev/guest/internal/wire"
)

var registered component

// Register names the transformations of this program's component. Call it from an init function, or from functions that init
// functions call: in a component `main` is not called. What is wrong with a transformation is told when the component is loaded,
// and by sandglasstest.
func Register(transformations ...Transformation) {
	for _, t := range transformations {
		registered = append(registered, t.define())
	}
}

func init() { wire.Served = &registered }

// component is what the host calls.
type component []*definition

func (c *component) Describe() (contracts []wire.Contract, failed *wire.Failure) {
	failed = guard(func() error {
		names := map[string]bool{}
		for _, d := range *c {
			contract, err := d.contract()
			if err != nil {
				return err
			}
			if names[d.name] {
				return internal("there are two transformations `%s`", d.name)
			}
			names[d.name] = true
			contracts = append(contracts, contract)
		}
		if len(contracts) == 0 {
			return internal("no transformation is registered: call sandglass.Register in an init function")
		}
		return nil
	})
	return contracts, failed
}

func (c *component) Open(name string, context wire.Context) (wire.Run, *wire.Failure) {
	for _, d := range *c {
		if d.name == name {
			return opened(d, context)
		}
	}
	there := quoted(*c, func(d *definition) string { return d.name })
	return nil, failure(internal("there is no transformation `%s`; there are %s", name, there))
}

func opened(d *definition, context wire.Context) (wire.Run, *wire.Failure) {
	var run *driver
	failed := guard(func() (err error) {
		if len(d.opens) != 1 {
			_, err = d.contract()
			return err
		}
		run, err = openDriver(d, context)
		return err
	})
	if failed != nil {
		return nil, failed
	}
	return run, nil
}
